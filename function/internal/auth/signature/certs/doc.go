// Package certs fetches the certificates by which senders sign their webhooks, and whose URLs they write into them:
// from the hosts that are configured alone, over https, without redirects, and each once an hour at most.
//
// A certificate has to chain to the system's roots or a configured one, be of the configured subject and good now.
// Package certs verifies no signatures. Start reading at Store.Get.
package certs
