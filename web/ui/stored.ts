// What this browser keeps for the page: the choice of colours, and what was last set in each control.
// HTML 12.2 (localStorage).

const PREFIX = 'tabvisor-';

/** Undefined when nothing is kept, or nothing can be. */
export function stored(name: string): string | undefined {
  try {
    return localStorage.getItem(PREFIX + name) ?? undefined;
  } catch {
    // a browser that keeps nothing for this page throws
    return undefined;
  }
}

export function store(name: string, value: string): void {
  try {
    localStorage.setItem(PREFIX + name, value);
  } catch {
    // it holds until the page is closed
  }
}

/** Sets controls to what they were left at, and keeps what they are set to from now on. Each has an id. */
export function remember(...controls: (HTMLInputElement | HTMLSelectElement)[]): void {
  for (const control of controls) {
    const kept = stored(control.id);
    if (kept !== undefined) setTo(control, kept);
    control.addEventListener('change', () => store(control.id, settingOf(control)));
  }
}

const isSwitch = (control: HTMLInputElement | HTMLSelectElement): control is HTMLInputElement =>
  control instanceof HTMLInputElement && control.type === 'checkbox';

const settingOf = (control: HTMLInputElement | HTMLSelectElement): string =>
  isSwitch(control) ? String(control.checked) : control.value;

function setTo(control: HTMLInputElement | HTMLSelectElement, value: string): void {
  if (isSwitch(control)) control.checked = value === 'true';
  else if (control instanceof HTMLInputElement || [...control.options].some((one) => one.value === value))
    control.value = value;
}
