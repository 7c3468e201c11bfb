using AdaLora.Glue;
using AdaLora.Glue.Demo;

return GlueHost.Run(args, new GlueRunner(), DemoRuns.Prepare, PretrainDemoCommand.Create());
