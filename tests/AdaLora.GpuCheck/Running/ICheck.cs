namespace AdaLora.GpuCheck;

/// <summary>One item of the check. Its properties are read without libtorch.</summary>
internal interface ICheck
{
    /// <summary>What the command line calls it.</summary>
    string Name { get; }

    /// <summary>What it shows, as a heading.</summary>
    string Title { get; }

    /// <summary>It is not started with less time left, in seconds.</summary>
    double LeastSeconds { get; }

    /// <summary>What its process needs in its environment in addition to what is there; checks that follow each other and agree share a process.</summary>
    IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string>();

    /// <summary>Runs the check. Throws if it fails.</summary>
    void Run(CheckContext context);
}
