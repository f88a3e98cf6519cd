// Package redis keeps state in Redis 7 or later, or what speaks its protocol: STATE=redis://HOST:6379.
//
// What is stored is small and ends by itself: a bucket until it is full again, a claim until its lease ends, a
// committed key until its window has passed. The names of keys are hashes, so no identity of a device or caller is in
// Redis.
//
// A call may take 100 ms. After three failures in a row the store counts as down: calls fail at once then, until one
// that is made beside them is answered. That is said once in the log, and when it is over.
//
// It does not: need persistence. Redis without its data is as if all were new.
//
// Start reading at Open.
package redis
