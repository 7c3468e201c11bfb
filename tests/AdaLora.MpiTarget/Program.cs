using AdaLora.Mpi;
using AdaLora.Tests;

// Arguments: the folder for what each process found, and pairs of a name and a value; see Plan. Under an MPI launcher it is one of several processes, otherwise the only one.
var plan = Plan.Read(args);
return MpiProcessGroup.IsLaunched
    ? MpiProcessGroup.Run(group => Work.Run(plan, group, group.Cancellation), new MpiOptions { Threads = 1, ReportWaitingAfter = TimeSpan.FromSeconds(plan.Real("patience")) })
    : Work.Run(plan, AdaLora.Processes.ProcessGroup.Single, default);
