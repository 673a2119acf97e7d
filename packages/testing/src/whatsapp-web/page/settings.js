// The switches as they stood when the page was served.
export const settings = JSON.parse(document.querySelector('#settings').textContent)
