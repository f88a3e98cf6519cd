// The Azure Developer CLI wants Bicep: this is ../azuredeploy.json in a resource group of
// its own, and nothing more.
targetScope = 'subscription'

@minLength(1)
@maxLength(40)
param environmentName string

param location string

@allowed(['attach', 'create'])
param azureIot string

param idScope string

@secure()
param groupKey string

param hubSku string

param alertEmail string

param tags object = {
  'azd-env-name': environmentName
}

resource group 'Microsoft.Resources/resourceGroups@2022-09-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

module mayfly '../azuredeploy.json' = {
  name: 'mayfly'
  scope: group
  params: {
    location: location
    azureIot: azureIot
    idScope: idScope
    groupKey: groupKey
    hubSku: hubSku
    alertEmail: alertEmail
    tags: tags
  }
}

output AZURE_RESOURCE_GROUP string = group.name
output MAYFLY_APP string = mayfly.outputs.appName
output MAYFLY_URL string = mayfly.outputs.url
output MAYFLY_ID_SCOPE string = mayfly.outputs.idScope
output MAYFLY_HUB string = mayfly.outputs.hubName
