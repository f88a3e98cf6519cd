// Package basepath takes the base path off that something in front adds to every path: a
// custom domain of API Gateway, a reverse proxy, a path rule of a load balancer.
//
// It does not know where a base path comes from: BASE_PATH (package config), or the event
// of API Gateway (package host).
package basepath
