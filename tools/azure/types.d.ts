// What the client libraries have no types for, as azure-docs describes it.

// Microsoft.Insights/scheduledQueryRules, 2021-08-01.
export interface ScheduledQueryRule {
  location: string;
  kind?: "LogAlert" | "LogToMetric";
  tags?: Record<string, string>;
  properties: {
    displayName?: string;
    description?: string;
    severity?: number;
    enabled?: boolean;
    scopes: string[];
    evaluationFrequency: string;
    windowSize: string;
    criteria: {
      allOf: {
        query: string;
        timeAggregation: "Count" | "Average" | "Minimum" | "Maximum" | "Total";
        operator: "Equals" | "GreaterThan" | "GreaterThanOrEqual" | "LessThan" | "LessThanOrEqual";
        threshold: number;
        metricMeasureColumn?: string;
        resourceIdColumn?: string;
        dimensions?: { name: string; operator: "Include" | "Exclude"; values: string[] }[];
        failingPeriods?: { numberOfEvaluationPeriods: number; minFailingPeriodsToAlert: number };
      }[];
    };
    autoMitigate?: boolean;
    muteActionsDuration?: string;
    actions?: { actionGroups?: string[]; customProperties?: Record<string, string> };
  };
}

// Microsoft.Resources/deploymentScripts, 2020-10-01, kind AzureCLI.
export interface DeploymentScript {
  location: string;
  kind: "AzureCLI";
  tags?: Record<string, string>;
  identity: { type: "UserAssigned"; userAssignedIdentities: Record<string, object> };
  properties: {
    azCliVersion: string;
    scriptContent?: string;
    primaryScriptUri?: string;
    arguments?: string;
    environmentVariables?: { name: string; value?: string; secureValue?: string }[];
    timeout?: string;
    retentionInterval: string;
    cleanupPreference?: "Always" | "OnSuccess" | "OnExpiration";
    forceUpdateTag?: string;
  };
}

// Microsoft.Web/sites/extensions, the extension onedeploy of a Flex Consumption app.
export interface OneDeploy {
  properties: { packageUri: string; remoteBuild?: boolean };
}

// Microsoft.Insights/components, 2020-02-02.
export interface Insights {
  location: string;
  kind: string;
  tags?: Record<string, string>;
  properties: {
    Application_Type: "web" | "other";
    WorkspaceResourceId?: string;
    DisableLocalAuth?: boolean;
    DisableIpMasking?: boolean;
    SamplingPercentage?: number;
    RetentionInDays?: number;
    publicNetworkAccessForIngestion?: "Enabled" | "Disabled";
    publicNetworkAccessForQuery?: "Enabled" | "Disabled";
  };
}

// Microsoft.Insights/workbooks, 2022-04-01.
export interface Workbook {
  location: string;
  kind: "shared";
  tags?: Record<string, string>;
  properties: {
    displayName: string;
    category: string;
    serializedData: string;
    sourceId?: string;
    version?: string;
    description?: string;
  };
}
