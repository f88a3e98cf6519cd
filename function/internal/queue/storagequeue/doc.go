// Package storagequeue keeps items in a queue of Azure Queue Storage, over its REST interface. Such a queue keeps no
// order.
//
// Dead letters go to the queue NAME-poison, with the reason: that is where the Azure Functions host, too, puts what a
// queue trigger has failed at five times, without one.
//
// Texts are in base64, as the Functions host expects them.
//
// It does not: create the queue itself. NAME-poison is created when it is first needed, as the Functions host does.
//
// Start reading at New.
package storagequeue
