// Package destination answers senders that ask whether this endpoint may be a destination before
// they deliver: those of CloudEvents by a handshake, AWS IoT by a URL that confirms, which is
// opened where the operator has allowed it.
//
// It authenticates nobody. Start reading at Confirmer.Confirm.
package destination
