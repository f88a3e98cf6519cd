// Checks CloudFormation and SAM templates with the rules and resource schemas
// that the validator brings along. Errors fail the run; warnings are only shown.
import { CelEngine, TemplateFile } from "@aws/cloudformation-validate";

const paths = process.argv.slice(2);
if (paths.length === 0) {
  console.error("usage: node validate.js TEMPLATE...");
  process.exit(2);
}

// SAM makes a resource of its own for FunctionUrlConfig, named after the
// function; the validator does not know it.
const config = { exclude: { logicalIds: [{ ruleId: "F6101", logicalId: "FunctionUrl", entityType: "Output" }] } };

const engine = new CelEngine();
let errors = 0;
try {
  for (const path of paths) {
    const { diagnostics } = engine.validateStandard(new TemplateFile(path), config);
    for (const d of diagnostics) {
      const bad = d.severity === "ERROR" || d.severity === "FATAL";
      errors += bad ? 1 : 0;
      if (bad || d.severity === "WARN") {
        const place = [d.resourceId, d.propertyPath].filter(Boolean).join(" ");
        console.log(`${path}: ${d.severity} ${d.ruleId} ${place}: ${d.message}`);
      }
    }
    console.log(`${path}: ${diagnostics.length} findings`);
  }
} finally {
  engine.free();
}
process.exit(errors === 0 ? 0 : 1);
