using AdaLora.HostileTarget;
using static TorchSharp.torch;

// Says what it is about to do before each call, so that the last line names the call that ended the process, and afterwards what came of it.
var calls = 0;
foreach (var (entry, call) in Entries.All)
{
    foreach (var (kind, make) in BadTensors.All)
        Try($"{entry} | {kind}", () => call(make()!));
}

foreach (var (entry, call) in Devices.Entries)
{
    foreach (var (kind, make) in Devices.Absent)
        Try($"{entry} | {kind}", () => call(make()));
}

Console.WriteLine($"survived {calls} calls");

void Try(string what, Action call)
{
    Console.Write($"{what} | ");
    Console.Out.Flush();
    using var scope = NewDisposeScope();
    try
    {
        call();
        Console.WriteLine("taken");
    }
    catch (Exception exception)
    {
        Console.WriteLine($"{exception.GetType().Name}: {exception.Message.Split('\n')[0]}");
    }

    calls++;
}
