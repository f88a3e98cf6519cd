// Package head refuses requests whose head is too large for the bridge, as the bridge's server does: what the server
// itself refuses, nobody sees.
//
// It keeps nothing. Start reading at [Refuse].
package head
