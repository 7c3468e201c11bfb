using AdaLora.MisuseTarget;
using static TorchSharp.torch;

// Says what it is about to do before it does it, so that the last line names what ended the process, and afterwards the outcome for either thread.
// With a name and a number as arguments, only that misuse, so many times.
var misuses = args is [var only, var times]
    ? Enumerable.Repeat(Misuses.All.Single(m => m.Name == only), int.Parse(times, System.Globalization.CultureInfo.InvariantCulture)).ToList()
    : Misuses.All;
foreach (var (name, inSet, misuse) in misuses)
{
    foreach (var (way, train) in ((string, Action<Bench>)[])[("Fit", b => b.Fit()), ("a loop", b => b.Loop())])
    {
        Console.Write($"{name} beside {way} | ");
        Console.Out.Flush();
        using var bench = new Bench(inSet);
        var misused = "nothing";
        using var ended = new ManualResetEventSlim();
        var other = new Thread(() =>
        {
            for (var i = 0; i < 200 && !ended.IsSet; i++)
            {
                misused = Try(() => misuse(bench));
                Thread.Sleep(i % 3);
            }
        });
        other.Start();
        var trained = Try(() => train(bench));
        ended.Set();
        other.Join();
        Console.WriteLine($"{trained} | {misused}");
    }
}

Console.WriteLine($"survived {misuses.Count} misuses");

static string Try(Action what)
{
    using var scope = NewDisposeScope();
    try
    {
        what();
        return "done";
    }
    catch (Exception exception)
    {
        return $"{exception.GetType().Name}: {exception.Message.Split('\n')[0]}";
    }
}
