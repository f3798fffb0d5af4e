// What libraries write as inline style without asking for 'unsafe-inline': style elements become constructed sheets, style attributes properties.
// CSP 3 section 6.6 (inline style), CSSOM 6.2 (constructed style sheets). It is xterm.js 6 that writes such: DomRenderer, DomRendererRowFactory,
// Viewport; of these no more than one asks the document that one may give it.

/** To be called once, before any library makes elements. */
export function allowInlineStyles(): void {
  const create = document.createElement;
  const shadow = (name: string, options?: ElementCreationOptions): HTMLElement =>
    name === 'style' ? styleElement(create.call(document, 'template')) : create.call(document, name, options);
  document.createElement = shadow as typeof document.createElement;

  const { setAttribute } = HTMLElement.prototype;
  HTMLElement.prototype.setAttribute = function (name: string, value: string): void {
    if (name === 'style') this.style.cssText = value;
    else setAttribute.call(this, name, value);
  };
}

/** Makes of an element that shows nothing what takes the place of a style element: its text is a sheet of the document's. */
function styleElement(made: HTMLElement): HTMLElement {
  const sheet = new CSSStyleSheet();
  let text = '';
  document.adoptedStyleSheets.push(sheet);
  Object.defineProperty(made, 'textContent', {
    get: () => text,
    set(value: string) {
      text = value;
      sheet.replaceSync(value);
    },
  });
  made.remove = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== sheet);
    Element.prototype.remove.call(made);
  };
  return made;
}
