// Holds the resources that deploy/azure/azuredeploy.json asks for to the types of Azure's
// own client libraries, and createUiDefinition.json to its schema. The folder that it is
// given has the resolved resources: "make azure" lets the Go test TestResolved write them.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import Ajv from "ajv";

// Where the type of a resource is, and whether its properties stand in a type of their
// own (properties) or beside location and tags, as the older libraries have them.
const types = {
  "Microsoft.App/containerApps": { from: "@azure/arm-appcontainers", type: "ContainerApp" },
  "Microsoft.Authorization/roleAssignments": { from: "@azure/arm-authorization", type: "RoleAssignmentCreateParameters" },
  "Microsoft.Devices/IotHubs": { from: "@azure/arm-iothub", type: "IotHubDescription", nested: true },
  "Microsoft.Devices/provisioningServices": {
    from: "@azure/arm-deviceprovisioningservices", type: "ProvisioningServiceDescription", nested: true,
  },
  "Microsoft.Insights/actionGroups": { from: "@azure/arm-monitor", type: "ActionGroupResource" },
  "Microsoft.Insights/components": { from: "./types.js", type: "Insights", nested: true },
  "Microsoft.Insights/scheduledQueryRules": { from: "./types.js", type: "ScheduledQueryRule", nested: true },
  "Microsoft.Insights/workbooks": { from: "./types.js", type: "Workbook", nested: true },
  "Microsoft.KeyVault/vaults": { from: "@azure/arm-keyvault", type: "VaultCreateOrUpdateParameters", nested: true },
  "Microsoft.KeyVault/vaults/secrets": { from: "@azure/arm-keyvault", type: "SecretCreateOrUpdateParameters", nested: true },
  "Microsoft.ManagedIdentity/userAssignedIdentities": { from: "@azure/arm-msi", type: "Identity" },
  "Microsoft.OperationalInsights/workspaces": { from: "@azure/arm-operationalinsights", type: "Workspace" },
  "Microsoft.Resources/deploymentScripts": { from: "./types.js", type: "DeploymentScript", nested: true },
  "Microsoft.Storage/storageAccounts": {
    from: "@azure/arm-storage", type: "StorageAccountCreateParameters",
    names: { supportsHttpsTrafficOnly: "enableHttpsTrafficOnly" },
  },
  "Microsoft.Storage/storageAccounts/blobServices": { from: "@azure/arm-storage", type: "BlobServiceProperties" },
  "Microsoft.Storage/storageAccounts/blobServices/containers": { from: "@azure/arm-storage", type: "BlobContainer" },
  "Microsoft.Storage/storageAccounts/queueServices": { from: "@azure/arm-storage", type: "QueueServiceProperties" },
  "Microsoft.Storage/storageAccounts/queueServices/queues": { from: "@azure/arm-storage", type: "StorageQueue" },
  "Microsoft.Web/serverfarms": { from: "@azure/arm-appservice", type: "AppServicePlan" },
  "Microsoft.Web/sites": { from: "@azure/arm-appservice", type: "Site" },
  "Microsoft.Web/sites/basicPublishingCredentialsPolicies": {
    from: "@azure/arm-appservice", type: "CsmPublishingCredentialsPoliciesEntity",
  },
  "Microsoft.Web/sites/config": { from: "@azure/arm-appservice", type: "StringDictionary", nested: true },
  "Microsoft.Web/sites/extensions": { from: "./types.js", type: "OneDeploy", nested: true },
};

// A resource as the literal that its type describes.
function literal(resource, { nested, names = {} }) {
  const { type, apiVersion, name, scope, dependsOn, condition, properties = {}, ...rest } = resource;
  const renamed = Object.fromEntries(Object.entries(properties).map(([k, v]) => [names[k] ?? k, v]));
  return nested ? { ...rest, properties: renamed } : { ...rest, ...renamed };
}

const folder = process.argv[2];
if (!folder) {
  console.error("usage: node check.js FOLDER");
  process.exit(2);
}
const build = join(import.meta.dirname, "build");
rmSync(build, { recursive: true, force: true });
mkdirSync(build);
writeFileSync(join(build, "types.ts"), readFileSync(join(import.meta.dirname, "types.d.ts")));

let resources = 0;
for (const file of readdirSync(folder).filter((f) => f.endsWith(".json"))) {
  const lines = [];
  for (const [i, resource] of JSON.parse(readFileSync(join(folder, file), "utf8")).entries()) {
    const known = types[resource.type];
    if (!known) {
      console.error(`${file}: no type is known for ${resource.type}: add it to check.js`);
      process.exit(1);
    }
    const value = literal(resource, known);
    lines.push(`import type { ${known.type} as T${i} } from ${JSON.stringify(known.from)};`);
    lines.push(`export const r${i}: T${i} = ${JSON.stringify(value)}; // ${resource.type} ${resource.name}`);
    // The check of the check: a property that no resource has is an error, or this is one.
    const at = known.nested ? { ...value, properties: { ...value.properties } } : { ...value };
    (known.nested ? at.properties : at).noSuchProperty = { no: 1 };
    lines.push(`// @ts-expect-error\nexport const wrong${i}: T${i} = ${JSON.stringify(at)};`);
    resources++;
  }
  writeFileSync(join(build, file.replace(/json$/, "ts")), lines.join("\n") + "\n");
}
if (resources === 0) {
  console.error(`${folder} has no resources`);
  process.exit(1);
}
writeFileSync(join(build, "tsconfig.json"), JSON.stringify({
  compilerOptions: {
    noEmit: true, strict: true, skipLibCheck: true, target: "es2023", lib: ["es2023", "dom"], types: ["node"],
    module: "nodenext", moduleResolution: "nodenext",
  },
  include: ["*.ts"],
}));
const require = createRequire(import.meta.url);
const tsc = join(require.resolve("typescript/package.json"), "..", "bin", "tsc");
const { status } = spawnSync(process.execPath, [tsc, "-p", build], { stdio: "inherit" });
if (status !== 0) {
  process.exit(1);
}
console.log(`${resources} resources have the types that Azure's libraries know`);

const read = (path) => JSON.parse(readFileSync(path, "utf8"));
const validate = new Ajv({ allErrors: true, strictTypes: false, strictRequired: false }).compile(
  read(join(import.meta.dirname, "createUiDefinition.schema.json")),
);
if (!validate(read(join(import.meta.dirname, "../../deploy/azure/createUiDefinition.json")))) {
  for (const e of validate.errors) {
    console.error(`createUiDefinition.json${e.instancePath}: ${e.message} ${JSON.stringify(e.params)}`);
  }
  process.exit(1);
}
console.log("createUiDefinition.json has the form of its schema");
