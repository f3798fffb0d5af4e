// set_thread_area(2) and get_thread_area(2), which i386 alone has.
import { getThreadArea, setThreadArea } from '../abi/i386/thread-area.js';
import type { Task } from '../task/task.js';

export const set = (task: Task, address: number): number => setThreadArea(task, address, true);
export const get = (task: Task, address: number): number => getThreadArea(task, address);
