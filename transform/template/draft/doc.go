// Package draft writes a device model for messages: an interface of DTDL 2, which
// IoT Central imports, with the narrowest schemas that all the messages fit.
//
// A draft is a beginning for a person to go on with. It holds what is certain: a
// member that is null, of several kinds, or of a name that DTDL does not allow is
// left out and listed; a semantic type is given where the name leaves no doubt.
// The messages that it was made of fit it under the policy "require" of package
// template. Start with [New].
package draft
