// The chart's SVG: well-formed, bars on the right side of 1, both colour schemes.
// Ours.
import { expect, test } from 'vitest';
import { barChart } from './chart.mjs';

const chart = {
  title: 'Speed <& more>',
  series: ['one', 'two'],
  groups: [
    {
      label: 'a "row"',
      bars: [
        { series: 'one', value: 1 },
        { series: 'two', value: 4 },
      ],
    },
    { label: 'b', bars: [{ series: 'two', value: 0.25 }] },
  ],
};

const numbers = (svg, pattern) => [...svg.matchAll(pattern)].map((match) => match.slice(1).map(Number));

test('bars start at 1 and go to the right when faster, to the left when slower', () => {
  const svg = barChart(chart);
  const [[one]] = numbers(svg, /class="one" x1="([\d.]+)"/g);
  const [same, faster, slower] = numbers(svg, /<rect class="s\d" x="([\d.]+)" y="\d+" width="([\d.]+)" height="9">/g);
  expect(same).toEqual([one, 1.5]);
  expect(faster[0]).toBe(one);
  expect(slower[0]).toBeLessThan(one);
  expect(slower[0] + slower[1]).toBeCloseTo(one, 0);
  // a logarithmic scale: 4 is as far from 1 as a quarter
  expect(faster[1]).toBeCloseTo(slower[1], 0);
});

test('text is escaped, and dark pages have colours of their own', () => {
  const svg = barChart(chart);
  expect(svg).toContain('Speed &lt;&amp; more>');
  expect(svg).toContain('a &quot;row&quot;');
  expect(svg).toContain('@media (prefers-color-scheme:dark)');
  expect(svg).not.toMatch(/NaN|undefined|Infinity/);
});

test('a value that has no logarithm is refused', () => {
  const groups = [{ label: 'a', bars: [{ series: 'one', value: 0 }] }];
  expect(() => barChart({ ...chart, groups })).toThrow('above 0');
});
