// Package devqueue is the queue of mayfly dev --durable: where it is, and what the console shows of it.
//
// It does not: deliver from the queue. Start reading at Durable.
package devqueue
