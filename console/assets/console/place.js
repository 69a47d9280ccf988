// A place is a group's conversation or a topic's, as requests name it:
// {GroupId} or {GroupId, TopicId}. Addresses of the page's views are here too.

export function placeOf(group, topic) {
  return topic ? { GroupId: group, TopicId: topic } : { GroupId: group };
}

export function placeHash(place, tail = "") {
  const topic = place.TopicId ? `/topic/${encodeURIComponent(place.TopicId)}` : "";
  return `#/group/${encodeURIComponent(place.GroupId)}${topic}${tail}`;
}

export const messageHash = (place, seq) => placeHash(place, `/message/${seq}`);

export const operationHash = (id) => `#/operation/${encodeURIComponent(id)}`;

export function auditHash(filter = {}) {
  const query = new URLSearchParams(Object.entries(filter).filter(([, value]) => value));
  return query.size ? `#/audit?${query}` : "#/audit";
}

// parse reads an address: the name of a view and what it shows, undefined for
// one that the page does not know.
export function parse(hash) {
  const [path, query] = hash.replace(/^#\/?/, "").split("?", 2);
  let parts;
  try {
    parts = path.split("/").filter(Boolean).map(decodeURIComponent);
  } catch {
    return undefined;
  }
  const filter = Object.fromEntries(new URLSearchParams(query ?? ""));
  const [view, id, ...rest] = parts;
  if (view === undefined || (view === "groups" && id === undefined)) return { view: "groups", filter };
  if (view === "audit" && id === undefined) return { view: "audit", filter };
  if (view === "operation" && id && !rest.length) return { view: "operation", id };
  if (view !== "group" || !id) return undefined;
  const topic = rest[0] === "topic" ? rest.splice(0, 2)[1] : undefined;
  const place = placeOf(id, topic);
  if (!rest.length) return { view: "conversation", place };
  if (rest[0] === "members" && rest.length === 1) return { view: "members", place };
  if (rest[0] === "message" && rest.length === 2 && /^[1-9]\d{0,9}$/.test(rest[1])) return { view: "conversation", place, seq: Number(rest[1]) };
  return undefined;
}
