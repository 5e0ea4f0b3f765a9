// What an option of a command is called, takes and refuses.

export const TYPES = {
  3: "Text",
  4: "Whole number",
  5: "True or false",
  6: "Member",
  7: "Channel",
  8: "Role",
  9: "Member or role",
  10: "Number",
  11: "Attachment",
};
export const ATTACHMENT = 11;

/** Returns the choices of an option as {name, value}; a true-or-false option has two. */
export function choicesOf(option) {
  if (option.type === 5)
    return [
      { name: "True", value: true },
      { name: "False", value: false },
    ];
  return option.choices ?? [];
}

/** Describes the bounds of an option, or returns "". */
export function bounds(option) {
  const [low, high, unit] =
    option.type === 3
      ? [option.min_length, option.max_length, " characters"]
      : [option.min_value, option.max_value, ""];
  const given = (value) => value !== undefined && value !== null;
  if (given(low) && given(high)) return `${low} to ${high}${unit}`;
  if (given(low)) return `${low}${unit} or more`;
  return given(high) ? `up to ${high}${unit}` : "";
}

/** Returns why `value`, what was typed or the chosen file, cannot be sent, or "". */
export function problem(option, value, fileLimit) {
  if (value === null || value === "")
    return option.required ? "This option is required. Specify a value." : "";
  if (option.type === ATTACHMENT) return fileProblem(value, fileLimit);
  const choices = choicesOf(option);
  if (choices.length) return chosen(option, value) === undefined ? "Pick one of the choices." : "";
  if (option.type === 3)
    return outside(value.length, option.min_length, option.max_length, " characters");
  const number = Number(value);
  if (!Number.isFinite(number)) return "Input a valid number.";
  if (option.type === 4 && !Number.isInteger(number)) return "Input a valid whole number.";
  return outside(number, option.min_value, option.max_value, "");
}

/** Returns the value of the choice that was typed by name or value, or undefined. */
export function chosen(option, text) {
  const wanted = String(text).trim().toLowerCase();
  const matches = (choice) =>
    [choice.name, String(choice.value)].some((one) => one.toLowerCase() === wanted);
  return choicesOf(option).find(matches)?.value;
}

function outside(size, low, high, unit) {
  if (low !== undefined && low !== null && size < low) return `Must be ${low}${unit} or more.`;
  if (high !== undefined && high !== null && size > high) return `Must be ${high}${unit} or less.`;
  return "";
}

function fileProblem(file, limit) {
  return file.size > limit
    ? `Your file is too large: at most ${Math.floor(limit / 1048576)} MB.`
    : "";
}
