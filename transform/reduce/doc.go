// Package reduce makes fewer messages of the readings of one request: one per device and window of time, with the
// smallest, the largest, the mean, the last value and the number of named members, and none for readings that have not
// changed. A [Spec] says how; [Reducer.Apply] does it. [Windows] and [Summary] do the same for expressions.
//
// It sees the readings of one request and remembers nothing: what was in the request before is not known. Numbers are
// compared and added as decimals; the smallest, the largest and the last keep the digits that the device wrote.
package reduce
