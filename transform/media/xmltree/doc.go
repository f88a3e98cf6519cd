// Package xmltree reads XML bodies into values as package media has them. It knows no
// schema and no namespaces, and resolves nothing outside the body. Start at [Decode].
package xmltree
