using AdaLora.HostileTarget;
using AdaLora.TestSupport;
using static TorchSharp.torch;

// Says what it is about to do before each call, so that the last line names the call that ended the process, and afterwards what the outcome was.
using var folder = new TemporaryFolder();
Environment.CurrentDirectory = folder.Path;
var calls = 0;
TryAll(Entries.All, BadTensors.All);
TryAll(Layers.Entries, BadTensors.All);
TryAll(Modules.Entries, Modules.Bad);
TryAll(Numbers.Entries, Numbers.Bad);
TryAll(Texts.Entries, Texts.Bad);
TryAll(Devices.Entries, Devices.Absent);
Console.WriteLine($"survived {calls} calls");

void TryAll<T>(IEnumerable<(string Name, Action<T> Call)> entries, IEnumerable<(string Name, Func<T> Make)> arguments)
{
    foreach (var (entry, call) in entries)
    {
        foreach (var (kind, make) in arguments)
            Try($"{entry} | {kind}", () => call(make()));
    }
}

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
