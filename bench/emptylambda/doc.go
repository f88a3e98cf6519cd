// Command emptylambda is an empty aws-lambda-go program, which bench/cold compares bootstrap with. It does nothing
// else.
package main
