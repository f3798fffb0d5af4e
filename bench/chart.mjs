// Horizontal bars in groups on a logarithmic scale around 1, as SVG that is readable on light and on dark pages.
// SVG 1.1; Media Queries 5 (prefers-color-scheme). No script, no font of its own.

const WIDTH = 760;
const LABELS = 130;
const FIGURES = 60;
const TOP = 54;
const BAR = 11;
const GAP = 10;
const COLOURS = [
  ['#6e7781', '#8b949e'],
  ['#0969da', '#4493f8'],
  ['#1a7f37', '#3fb950'],
  ['#9a6700', '#d29922'],
];

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
const at = (value) => value.toFixed(1);

/** The powers of 2 or 10 that are marked between the least and the greatest value. */
function marks(least, greatest) {
  const found = [];
  for (let power = -3; power <= 4; power++) {
    for (const step of [1, 2, 5]) found.push(step * 10 ** power);
  }
  return found.filter((value) => value >= least && value <= greatest);
}

/**
 * `chart`: {title, series: names, groups: [{label, bars: [{series, value}]}]}, every value above 0. The SVG's text.
 */
export function barChart({ title, series, groups }) {
  const values = groups.flatMap(({ bars }) => bars.map(({ value }) => value));
  if (!values.every((value) => value > 0 && Number.isFinite(value))) throw new Error('a bar needs a value above 0');
  const least = Math.min(0.5, ...values) * 0.9;
  const greatest = Math.max(2, ...values) * 1.1;
  const span = WIDTH - LABELS - FIGURES;
  const x = (value) => LABELS + (Math.log(value / least) / Math.log(greatest / least)) * span;
  const groupHeight = series.length * BAR + GAP;
  const height = TOP + groups.length * groupHeight + GAP;
  const parts = [];

  for (const mark of marks(least, greatest)) {
    const position = at(x(mark));
    parts.push(
      `<line class="${mark === 1 ? 'one' : 'grid'}" x1="${position}" y1="${TOP - 8}" x2="${position}" y2="${height - GAP}"/>`,
    );
    parts.push(
      `<text class="mark" x="${position}" y="${TOP - 12}" text-anchor="middle">x ${Number(mark.toPrecision(1))}</text>`,
    );
  }
  groups.forEach(({ label, bars }, index) => {
    const top = TOP + index * groupHeight;
    parts.push(`<text x="${LABELS - 8}" y="${at(top + groupHeight / 2)}" text-anchor="end">${escaped(label)}</text>`);
    bars.forEach(({ series: name, value }, row) => {
      const [from, to] = [Math.min(x(1), x(value)), Math.max(x(1), x(value))];
      const y = top + row * BAR;
      const colour = series.indexOf(name);
      parts.push(
        `<rect class="s${colour}" x="${at(from)}" y="${y}" width="${at(Math.max(1.5, to - from))}" height="${BAR - 2}"><title>${escaped(`${label}, ${name}: x ${value.toFixed(2)}`)}</title></rect>`,
      );
      if (value !== 1) {
        parts.push(
          `<text class="mark" x="${at(to + 4)}" y="${y + BAR - 3}">${value.toFixed(value >= 10 ? 0 : value >= 1 ? 1 : 2)}</text>`,
        );
      }
    });
  });
  series.forEach((name, index) => {
    const left = WIDTH - 80 * (series.length - index);
    parts.push(`<rect class="s${index}" x="${left}" y="11" width="10" height="10"/>`);
    parts.push(`<text x="${left + 14}" y="20">${escaped(name)}</text>`);
  });
  const colours = (scheme) => COLOURS.map((pair, index) => `.s${index}{fill:${pair[scheme]}}`).join('');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escaped(title)}">
<style>text{font:12px system-ui,sans-serif;fill:#1f2328}.mark{font-size:9px;fill:#59636e}.title{font-weight:600}.grid{stroke:#d1d9e0;stroke-width:.5}.one{stroke:#59636e}${colours(0)}
@media (prefers-color-scheme:dark){text{fill:#f0f6fc}.mark{fill:#9198a1}.grid{stroke:#3d444d}.one{stroke:#9198a1}${colours(1)}}</style>
<text class="title" x="8" y="20">${escaped(title)}</text>
${parts.join('\n')}
</svg>
`;
}
