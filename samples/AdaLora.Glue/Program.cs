using AdaLora.Glue;
using AdaLora.Glue.Demo;
using AdaLora.Training;

if (args is [ParquetChild.Command, .. var arguments])
    return ParquetReading.Run(arguments);

_ = NativeHeap.KeepFreedMemory();
var models = new ModelFolder();
return GlueHost.Run(
    args,
    new GlueRunner(models),
    DemoRuns.Prepare,
    EvaluateCommand.Create(models),
    PredictCommand.Create(models, Console.In),
    SubmitCommand.Create(models),
    MergeCommand.Create(models),
    CompareCommand.Create(new ChildProcessRunner()),
    Figure1Command.Create(new ChildProcessRunner(), models),
    PretrainDemoCommand.Create());
