// Package arm reads Azure Resource Manager templates closely enough to check one
// without Azure: it parses every expression, looks for names that nothing declares
// and dependencies that are missing, follows secrets into outputs, and resolves a
// template for given parameters into the resources that would be asked for.
//
// It knows the functions that the templates of this repository use, and no more
// (azure-docs, azure-resource-manager/templates/template-functions.md); an unknown
// one is an error. What only a deployment can tell, such as the properties of a
// resource that exists by then, is a Symbol. It neither deploys nor compiles Bicep,
// and it does not know what properties a resource has: tools/azure checks those.
//
// Start reading at Parse, Template.Check and Template.Resolve.
package arm
