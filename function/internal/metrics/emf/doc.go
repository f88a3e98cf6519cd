// Package emf writes metrics as lines of CloudWatch's embedded metric format: CloudWatch makes metrics of what a
// function writes to its log, without an agent or a call. The format is that of docs.aws.amazon.com/AmazonCloudWatch,
// "Specification: Embedded metric format".
//
// A line has one value for each of its dimensions. So the labels source and code, of which a request has one value, are
// dimensions, beside the name of the service; outcome, kind, cache, room and signal are put behind the name of the
// metric, as in mayfly_messages_total_delivered; what differs by other labels is added up. A flush after one request is
// one line.
//
// Lines have what was counted since the last flush, the single values of histograms, and gauges once a minute. The
// package does not count: a [Writer] is an observer of a [metrics.Set]. Start reading at Writer.
package emf
