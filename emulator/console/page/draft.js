// Drafts of mappings and codecs: they are kept in this browser, and never written to a file.
const prefix = "mayfly-draft:";
const maxBytes = 200_000;
const maxDrafts = 50;

export const drafts = {
  get(kind, name) {
    try {
      return localStorage.getItem(`${prefix}${kind}:${name}`);
    } catch {
      return null; // this browser keeps nothing
    }
  },
  // set keeps a draft; one that is as the file is forgotten.
  set(kind, name, text, original) {
    try {
      const key = `${prefix}${kind}:${name}`;
      if (text === original || text.length > maxBytes) localStorage.removeItem(key);
      else {
        localStorage.setItem(key, text);
        const all = Object.keys(localStorage).filter((k) => k.startsWith(prefix) && k !== key);
        for (const old of all.slice(0, Math.max(0, all.length + 1 - maxDrafts))) localStorage.removeItem(old);
      }
    } catch {
      // It lives as long as the page then.
    }
  },
};
