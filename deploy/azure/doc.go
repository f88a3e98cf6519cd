// Package azure holds what deploys Mayfly to Azure: azuredeploy.json, the form that a
// deploy button shows for it, and the layout of the Azure Developer CLI. The code here
// only checks them.
package azure
