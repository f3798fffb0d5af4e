// /proc/PID/timens_offsets: how far the clocks of the process's children will be ahead. man 7 time_namespaces; Linux fs/proc/base.c.
import { EINVAL, ESRCH } from '../../abi/errno.js';
import { PAGE_SIZE } from '../../mm/frames.js';
import { parseOffsets } from '../../ns/time-namespace.js';
import { ofTask } from './subject.js';
import { text } from './text.js';

export const TIME_OFFSETS = text(
  'timens_offsets',
  0o644,
  ofTask(({ namespaces }) => namespaces.timeForChildren.text),
  {
    write: ({ task }, _writer, said, opener) => {
      const parsed = said.length < PAGE_SIZE ? parseOffsets(said) : -EINVAL;
      if (typeof parsed === 'number') return parsed;
      if (!task) return -ESRCH;
      return task.namespaces.timeForChildren.set(parsed.offsets, opener) || parsed.length;
    },
  },
);
