// Remembers in this browser, for all studies and dashboards of this host, that the guide was put
// away: a cookie, so that the server knows before it draws.
export default function (component) {
  const { name, away } = component.data;
  const seconds = away ? 315360000 : 0;
  document.cookie = `${name}=away; max-age=${seconds}; path=/; SameSite=Strict`;
}
