// Package receipt is how the service learns whether an answer has reached its client, whatever the host is: what must
// not be lost is ended by that alone. A host's response writer is a [Confirmer].
package receipt
