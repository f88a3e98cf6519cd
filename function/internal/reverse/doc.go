// Package reverse is the way back: events that ask for a message to a device, such as those of IoT Central's data
// export and of Event Grid, are pushed to the cloud of the device at once.
//
// What the events mean, and what the pushes look like, is data of the source (package transform/downlink); package push
// makes the pushes. Nothing is kept: what cannot be pushed is answered as an error, and its sender sends it again. Who
// may ask is decided before. Start reading at [Read] and [Pusher.Push].
package reverse
