using System.Reflection;
using AdaLora.Experiments.Commands;
using AdaLora.Experiments.Commands.Runs;
using AdaLora.Experiments.Comparison;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Runs;
using AdaLora.Experiments.Tables;
using AdaLora.Mpi;
using AdaLora.Processes;
using AdaLora.Summarization.Commands;
using AdaLora.Training;

if (args is [ParquetChild.Command, .. var arguments])
    return ParquetReading.Run(arguments);

_ = NativeHeap.KeepFreedMemory();
return MpiProcessGroup.IsLaunched ? MpiProcessGroup.Run(group => Start(group, group.Cancellation)) : Start(ProcessGroup.Single, CancellationToken.None);

int Start(IProcessGroup group, CancellationToken cancellation)
{
    var models = new ModelFolder();
    return ApplicationHost.Run(
        args,
        SummarizationDescription.Application,
        new Runner(models, group),
        demoRuns: null,
        group,
        cancellation,
        EvaluateCommand.Create(SummarizationDescription.Application, models),
        GenerateCommand.Create(models, StandardStreams.Reader),
        MergeCommand.Create(SummarizationDescription.Application, models),
        CompareCommand.Create(SummarizationDescription.Application, new ChildProcessRunner(new ApplicationProgram(Assembly.GetExecutingAssembly()))),
        PretrainCommand.Create());
}
