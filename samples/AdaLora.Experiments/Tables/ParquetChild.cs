using System.Diagnostics;
using System.Globalization;
using System.Text;
using AdaLora.Experiments.Programs;

namespace AdaLora.Experiments.Tables;

/// <summary>
/// A child process that reads a parquet file with limits on its memory and its time. The library that reads believes what a file claims: damaged files make it allocate gigabytes or never
/// return, and nothing but the end of a process stops that.
/// </summary>
internal sealed class ParquetChild : IDisposable
{
    /// <summary>The first argument that makes the application such a process; see <see cref="ParquetReading.Run"/>.</summary>
    public const string Command = "read-parquet";

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(200);

    private readonly ParquetLimits _limits;
    private readonly Process _process;
    private readonly Task<string> _errors;
    private readonly Timer _watch;
    private volatile bool _tookTooLong;

    public ParquetChild(string path, IReadOnlyList<string> columns, ApplicationProgram program)
    {
        _limits = new ParquetLimits(new FileInfo(path).Length);
        var start = program.Start([Command, path, .. columns]);
        start.StandardErrorEncoding = Encoding.UTF8;
        start.Environment["DOTNET_GCHeapHardLimit"] = _limits.Memory.ToString("X", CultureInfo.InvariantCulture);
        start.Environment["DOTNET_gcServer"] = "0";
        _process = Process.Start(start)!;
        Output = new BinaryReader(_process.StandardOutput.BaseStream);
        _errors = _process.StandardError.ReadToEndAsync();
        _watch = new Timer(_ => EndIfTooLong(), null, LookEvery, LookEvery);
    }

    /// <summary>What the process writes; it ends too early if the file cannot be read.</summary>
    public BinaryReader Output { get; }

    /// <summary>Waits for the end of the process.</summary>
    /// <exception cref="InvalidDataException">It could not read the file; the message says why.</exception>
    public void End()
    {
        _process.WaitForExit();
        if (_tookTooLong)
        {
            throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture,
                $"reading it was stopped after {_limits.ProcessorTime.TotalSeconds:0} seconds; a file of its size takes much less"));
        }

        if (_process.ExitCode != ExitCode.Success)
            throw new InvalidDataException(_process.ExitCode == ExitCode.BadInput ? _errors.Result.Trim() : $"the process that reads it ended with exit code {_process.ExitCode}");
    }

    public void Dispose()
    {
        _watch.Dispose();
        if (!_process.HasExited)
            _process.Kill();
        Output.Dispose();
        _process.Dispose();
    }

    private void EndIfTooLong()
    {
        try
        {
            if (_process.HasExited || _process.TotalProcessorTime < _limits.ProcessorTime)
                return;
            _tookTooLong = true;
            _process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has just ended by itself.
        }
    }
}
