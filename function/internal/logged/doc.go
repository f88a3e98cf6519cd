// Package logged makes what of a problem goes into one log record: of each list the first ones, of
// each foreign text its beginning, without secrets and without values of a body.
//
// It writes nothing. Start reading at Errors.
package logged
