// The page's tabs: one panel at a time, by pointer, arrow keys, or the address behind #.
// WAI-ARIA Authoring Practices, "Tabs" with automatic activation.

/** `shown` is called with the id of the panel that has come to the front. */
export function startTabs(shown: (panel: string) => void): void {
  const tabs = [...document.querySelectorAll<HTMLButtonElement>('[role=tab]')];
  const panelOf = (tab: HTMLButtonElement): string => tab.getAttribute('aria-controls') ?? '';

  const select = (chosen: HTMLButtonElement): void => {
    for (const tab of tabs) {
      tab.setAttribute('aria-selected', String(tab === chosen));
      tab.tabIndex = tab === chosen ? 0 : -1;
      const panel = document.getElementById(panelOf(tab));
      if (panel) panel.hidden = tab !== chosen;
    }
    shown(panelOf(chosen));
  };

  tabs.forEach((tab, i) => {
    tab.onclick = () => {
      history.replaceState(null, '', `#${panelOf(tab)}`);
      select(tab);
    };
    tab.onkeydown = (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const next = tabs[(i + step + tabs.length) % tabs.length];
      next.focus();
      next.click();
    };
  });

  const fromAddress = (): void => {
    const wanted = tabs.find((tab) => `#${panelOf(tab)}` === location.hash);
    if (wanted) select(wanted);
  };
  addEventListener('hashchange', fromAddress);
  fromAddress();
}
