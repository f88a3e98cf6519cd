// Package trigger is the way in for clouds that call the function with messages of its queue: Lambda with events of
// Amazon SQS, and the Azure Functions host with messages of a storage queue.
//
// What was delivered or buried is acknowledged, and the cloud deletes it. What has to come again waits longer after
// each try, so that a hub that is down for hours does not use up the number of receives after which clouds give up: in
// SQS its visibility is changed; a message of a storage queue, whose visibility is the host's business, is stored again
// before it is acknowledged.
//
// It does not deliver: that is for package worker. Start reading at Trigger.SQS and Trigger.Storage.
package trigger
