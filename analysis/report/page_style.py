"""The report's style sheet and script: no file, no font and no address from outside. Torch-free."""

from typing import Final

SHEET: Final = """
:root{color-scheme:light dark;--ink:#1C242C;--soft:#56626E;--line:#DDE3E9;--page:#FFFFFF;\
--panel:#F6F8FA;--good:#12805F;--bad:#B3322C;--accent:#2459B8}
@media (prefers-color-scheme:dark){:root{--ink:#E4EAF0;--soft:#A3AFBB;--line:#2E3843;\
--page:#12171C;--panel:#1A2128;--good:#4FC7A1;--bad:#F58680;--accent:#7AA8F7}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{max-width:1180px;margin:0 auto;padding:40px 32px 64px}
h1{font-size:27px;line-height:1.25;margin:0 0 4px;overflow-wrap:anywhere}
h2{font-size:19px;margin:44px 0 12px;padding-top:14px;border-top:1px solid var(--line)}
h3{font-size:14px;margin:0 0 2px;font-weight:600;overflow-wrap:anywhere}
p,ul{margin:0 0 10px;max-width:80ch}
ul{padding-left:20px}
li{overflow-wrap:anywhere}
.whole{white-space:nowrap}
.soft{color:var(--soft)}
.lead{display:flex;flex-wrap:wrap;gap:12px;margin:22px 0 6px}
.lead div{flex:1 1 170px;background:var(--panel);border:1px solid var(--line);border-radius:8px;
padding:12px 16px}
.lead b{display:block;font-size:23px;line-height:1.25;font-variant-numeric:tabular-nums}
.lead span{color:var(--soft);font-size:13px}
.wide{overflow-x:auto;margin:0 0 12px}
table{border-collapse:collapse;width:100%;font-size:14px;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:6px 14px 6px 0;border-bottom:1px solid var(--line);vertical-align:top}
th{color:var(--soft);font-weight:600;font-size:13px}
th.number,td.number{text-align:right}
td{overflow-wrap:break-word}
#numbers td:first-child{min-width:12em}#numbers td:last-child{min-width:14em}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(480px,100%),1fr));gap:20px}
.chart{min-width:0;break-inside:avoid}
.pictures{display:grid;grid-template-columns:repeat(auto-fill,minmax(128px,1fr));gap:16px}
.pictures figure{margin:0;font-size:12.5px;line-height:1.35;break-inside:avoid}
.pictures img{width:96px;height:96px;object-fit:contain;image-rendering:pixelated;
background:var(--panel);border:1px solid var(--line);border-radius:4px;display:block;
margin-bottom:5px}
.won{color:var(--good)}.lost{color:var(--bad)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 20px;margin:0;font-size:14px}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
footer{margin-top:40px;color:var(--soft);font-size:13px}
@media (max-width:640px){main{padding:24px 16px}dl{grid-template-columns:1fr}dd{margin-bottom:6px}}
@media print{:root{--ink:#000;--soft:#444;--line:#CCC;--page:#FFF;--panel:#FFF;--good:#12805F;\
--bad:#B3322C}main{max-width:none;padding:0}h2{break-after:avoid}tr{break-inside:avoid}
.charts{grid-template-columns:1fr 1fr}body{font-size:11pt}}
"""
"""Follows the reader's theme; prints on white."""

SCRIPT: Final = """
(function () {
  var charts = JSON.parse(document.getElementById("charts").textContent);
  var dark = window.matchMedia("(prefers-color-scheme: dark)");
  function draw(night) {
    charts.forEach(function (chart, place) {
      var figure = night ? chart.dark : chart.light;
      Plotly.react("chart-" + place, figure.data, figure.layout,
        {responsive: true, displaylogo: false, displayModeBar: false});
    });
  }
  draw(dark.matches);
  dark.addEventListener("change", function () { draw(dark.matches); });
  window.addEventListener("beforeprint", function () { draw(false); });
  window.addEventListener("afterprint", function () { draw(dark.matches); });
})();
"""
"""Draws every chart from the data in the page, anew where the theme changes."""
