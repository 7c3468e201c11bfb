using System.Reflection;
using AdaLora.Experiments.Commands;
using AdaLora.Experiments.Commands.Runs;
using AdaLora.Experiments.Comparison;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Runs;
using AdaLora.Mpi;
using AdaLora.Processes;
using AdaLora.Squad.Commands;
using AdaLora.Training;

_ = NativeHeap.KeepFreedMemory();
return MpiProcessGroup.IsLaunched ? MpiProcessGroup.Run(group => Start(group, group.Cancellation)) : Start(ProcessGroup.Single, CancellationToken.None);

int Start(IProcessGroup group, CancellationToken cancellation)
{
    var models = new ModelFolder();
    return ApplicationHost.Run(
        args,
        SquadDescription.Application,
        new Runner(models, group),
        demoRuns: null,
        group,
        cancellation,
        EvaluateCommand.Create(SquadDescription.Application, models),
        AnswerCommand.Create(models, StandardStreams.Reader),
        MergeCommand.Create(SquadDescription.Application, models),
        CompareCommand.Create(SquadDescription.Application, new ChildProcessRunner(new ApplicationProgram(Assembly.GetExecutingAssembly()))));
}
