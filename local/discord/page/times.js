// How times are written in the channel.

/** The time of day of a message. */
export function clock(message) {
  return new Date(message.timestamp).toLocaleTimeString([], { hour: "numeric", minute: "2-digit" });
}

/** The day of a message, "Today" for today. */
export function day(message) {
  const date = new Date(message.timestamp);
  if (date.toDateString() === new Date().toDateString()) return "Today";
  return date.toLocaleDateString([], { year: "numeric", month: "long", day: "numeric" });
}
