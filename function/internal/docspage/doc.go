// Package docspage serves /docs: one page that shows the contract of the bridge, finds
// routes and sources in it, and can send a request. The page is the same for every bridge and
// says nothing of this one: it reads openapi.json, which package openapi guards, with the key
// that its reader types. The key stays in the page's memory.
//
// The page has no outside asset. Its script and its style are inside, and the policy that the
// answer carries allows these two alone, by their hashes.
//
// Start reading at NewHandler; the page is in the folder page.
package docspage
