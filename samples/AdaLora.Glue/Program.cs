using System.Reflection;
using AdaLora.Experiments.Commands;
using AdaLora.Experiments.Commands.Runs;
using AdaLora.Experiments.Comparison;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Runs;
using AdaLora.Experiments.Tables;
using AdaLora.Glue.Commands;
using AdaLora.Glue.Commands.Runs;
using AdaLora.Glue.Demo;
using AdaLora.Glue.Demo.Pretraining;
using AdaLora.Mpi;
using AdaLora.Processes;
using AdaLora.Training;

if (args is [ParquetChild.Command, .. var arguments])
    return ParquetReading.Run(arguments);

_ = NativeHeap.KeepFreedMemory();
return MpiProcessGroup.IsLaunched ? MpiProcessGroup.Run(group => Start(group, group.Cancellation)) : Start(ProcessGroup.Single, CancellationToken.None);

int Start(IProcessGroup group, CancellationToken cancellation)
{
    var models = new ModelFolder();
    var runner = new ChildProcessRunner(new ApplicationProgram(Assembly.GetExecutingAssembly()));
    return ApplicationHost.Run(
        args,
        GlueDescription.Application,
        new Runner(models, group),
        DemoRuns.Prepare,
        group,
        cancellation,
        EvaluateCommand.Create(GlueDescription.Application, models),
        ClassifyCommand.Create(models, StandardStreams.Reader),
        SubmitCommand.Create(models),
        MergeCommand.Create(GlueDescription.Application, models),
        CompareCommand.Create(GlueDescription.Application, runner),
        Figure1Command.Create(runner, models),
        PretrainDemoCommand.Create());
}
