// search: images at Docker Hub, where the engine asks it. Docker docs, "docker search".
import { filtersOf, type Json } from './api-client.js';
import type { DockerCommand } from './command.js';
import { flag } from './flags.js';
import { host } from './host.js';
import { ellipsis } from './ps.js';
import { formatted, type Shape } from './tabular.js';

const DESCRIPTION_MAX = 45;

const shape = (full: boolean): Shape<Json> => ({
  type: '*formatter.searchContext',
  members: {
    Name: ['NAME', ({ name }) => name],
    Description: [
      'DESCRIPTION',
      ({ description }) => {
        const line = description.replace(/[\n\r]/g, ' ');
        return full ? line : ellipsis(line, DESCRIPTION_MAX);
      },
    ],
    StarCount: ['STARS', ({ star_count }) => String(star_count)],
    IsOfficial: ['OFFICIAL', ({ is_official }) => (is_official ? '[OK]' : '')],
    IsAutomated: ['AUTOMATED', ({ is_automated }) => (is_automated ? '[OK]' : '')],
  },
  table: '{{.Name}}\t{{.Description}}\t{{.StarCount}}\t{{.IsOfficial}}',
});

export const searchCommand: DockerCommand = {
  name: 'search',
  usage: 'TERM',
  what: 'Look for images at Docker Hub',
  flags: [
    flag('-f, --filter', 'filter', 'only some: stars=, is-official='),
    flag('--format', 'string', "json, a Go template, or 'table TEMPLATE'"),
    flag('--limit', 'int', 'no more than so many'),
    flag('--no-trunc', 'bool', 'all of each description'),
  ],
  least: 1,
  most: 1,
  async run({ values, args, engine }) {
    const filters = filtersOf(values.list('filter'));
    const query = { term: args[0], limit: values.number('limit'), filters };
    const found: Json[] = await (await engine()).get('/images/search', query);
    found.sort((a, b) => b.star_count - a.star_count);
    host.stdout.write(formatted(shape(values.is('no-trunc')), found, values.text('format')));
  },
};
