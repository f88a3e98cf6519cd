// Package hidden takes the credentials out of a request that is shown or exported, and puts them back into one that is
// sent again.
//
// It finds them by the names of headers, parameters and members, and is rather too strict. It does not know what a
// source's configuration says about its sender; whoever does passes those names. Start reading at [Secrets].
package hidden
