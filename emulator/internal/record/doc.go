// Package record keeps what happened: the last events that hubs stored ([Event]) and the last calls ([Call]), with
// counts of all of them.
//
// A [Record] can be read with a [Filter], waited on, and followed live by any number of subscribers. It is bounded by
// numbers of entries and by the bytes of event bodies. It does not know where its entries come from: packages hub and
// emulator add them.
//
// Start reading in record.go.
package record
