using System.Reflection;
using AdaLora.Experiments.Commands;
using AdaLora.Experiments.Commands.Runs;
using AdaLora.Experiments.Comparison;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Runs;
using AdaLora.Instruct.Commands;
using AdaLora.Instruct.Conversation;
using AdaLora.Instruct.Demo;
using AdaLora.Mpi;
using AdaLora.Processes;
using AdaLora.Training;

_ = NativeHeap.KeepFreedMemory();
return MpiProcessGroup.IsLaunched ? MpiProcessGroup.Run(group => Start(group, group.Error, group.Cancellation)) : Start(ProcessGroup.Single, Console.Error, CancellationToken.None);

int Start(IProcessGroup group, TextWriter error, CancellationToken cancellation)
{
    var models = new ModelFolder();
    if (args is ["chat", ..])
        return ConversationHost.Run(args, InstructDescription.Application, new Runner(models), ChatCommand.Create(models, StandardStreams.Reader));
    if (args is [] && group.Size == 1)
        return DemoHost.Run(new Runner(models), models);
    return ApplicationHost.Run(
        args,
        InstructDescription.Application,
        new Runner(models, group),
        demoRuns: null,
        group,
        error,
        cancellation,
        EvaluateCommand.Create(InstructDescription.Application, models),
        ChatCommand.Create(models, StandardStreams.Reader),
        GenerateCommand.Create(models, StandardStreams.Reader),
        MergeCommand.Create(InstructDescription.Application, models),
        CompareCommand.Create(InstructDescription.Application, new ChildProcessRunner(new ApplicationProgram(Assembly.GetExecutingAssembly()))));
}
