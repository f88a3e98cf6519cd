// Command dev measures mayfly dev: how many requests per second it takes with its page open, what recording costs, and
// the memory at 10,000 requests that are kept. It compares runs with and without --no-record, alternating, so that the
// ratio does not depend on the machine. The load comes from the same machine and takes its share of the CPU.
//
// The page is a program that asks as the page does; with -chromium it is the page itself, in headless Chromium.
// Start reading at run.
package main
