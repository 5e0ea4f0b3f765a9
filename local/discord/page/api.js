// Talks to the local Discord's own control routes.

async function answered(response) {
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(explained(body) || `The server answered ${response.status}`);
  return body;
}

function explained(body) {
  const places = Object.entries(body.errors ?? {}).map(
    ([place, found]) => `${place}: ${found._errors?.[0]?.message ?? "is not valid"}`,
  );
  if (body.code === 40005) return "That file is too large.";
  return places.join("; ") || body.message || body.error;
}

export async function get(path) {
  return answered(await fetch(path));
}

export async function remove(path) {
  const response = await fetch(path, { method: "DELETE" });
  if (!response.ok) await answered(response);
}

export async function post(path, body) {
  const headers = { "Content-Type": "application/json" };
  return answered(await fetch(path, { method: "POST", headers, body: JSON.stringify(body) }));
}

export async function upload(file) {
  const form = new FormData();
  form.append("file", file, file.name || "pasted.png");
  return answered(await fetch("/control/attachments", { method: "POST", body: form }));
}
