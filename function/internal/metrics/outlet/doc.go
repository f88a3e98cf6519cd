// Package outlet decides where the metrics of a service go: to whoever asks for /metrics, to an OTLP receiver, into the
// log as lines for CloudWatch, or nowhere, which costs nothing.
//
// It does not count and does not send: see packages metrics, metrics/push and metrics/emf. Start reading at New.
package outlet
