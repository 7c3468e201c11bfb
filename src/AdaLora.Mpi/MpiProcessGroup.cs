using System.Diagnostics;
using AdaLora.Internals.Cpu;
using AdaLora.Processes;
using static TorchSharp.torch;

namespace AdaLora.Mpi;

/// <summary>
/// The processes that an MPI launcher has started, such as <c>mpirun -n 4</c>. One thread at a time may call its members. Sums are those of MPI_Allreduce, which gives the same bits
/// everywhere; those of 16-bit numbers are computed in single precision.
/// </summary>
public sealed unsafe class MpiProcessGroup : IProcessGroup
{
    // Of elements or bytes in one call, whose counts are 32-bit integers.
    private const int Most = 1 << 30;

    // Bytes of one process that the others still gather in one call, in which all take up as much room as the longest.
    private const int MostTogether = 4096;

    private static readonly TimeSpan TimeToFail = TimeSpan.FromSeconds(5);

    private readonly MpiLibrary _library;
    private readonly RollCall _rollCall;
    private readonly HostTensor _host = new();
    private readonly Termination _termination = new();
    private readonly Stopwatch _transfers = new();

    private MpiProcessGroup(MpiLibrary library, Launcher? launcher, MpiOptions options)
    {
        _library = library;
        var (rank, size) = (Rank, Size) = (Ask(library.CommRank, "MPI_Comm_rank"), Ask(library.CommSize, "MPI_Comm_size"));
        if (launcher is not null && (launcher.Size, launcher.Rank) != (size, rank))
        {
            throw new MpiException(
                $"The launcher ({launcher.Name}) started {launcher.Size} processes, of which this is number {launcher.Rank}, but '{library.Name}' ({library.Version.Split(',')[0]}) sees number {rank} of {size}: the library and the launcher do not belong together. Start with the mpirun of that library, or name the launcher's library with {MpiLibrary.Variable}.");
        }

        Error = rank == 0 ? Console.Error : new StringWriter();
        _rollCall = new RollCall(library, rank, size, options.ReportWaitingAfter, line => Console.Error.WriteLine(line));
        var hosts = AllGather(System.Text.Encoding.UTF8.GetBytes(Environment.MachineName)).Select(Convert.ToHexString).ToList();
        LocalRank = hosts.Take(rank).Count(host => host == hosts[rank]);
        set_num_threads(options.Threads ?? Math.Max(1, Environment.ProcessorCount / hosts.Count(host => host == hosts[rank])));
    }

    /// <summary>Whether an MPI launcher started this process.</summary>
    public static bool IsLaunched => Launcher.Find() is not null;

    /// <inheritdoc/>
    public int Rank { get; }

    /// <inheritdoc/>
    public int Size { get; }

    /// <inheritdoc/>
    public int LocalRank { get; }

    /// <summary>What the MPI library says of itself.</summary>
    public string Library => _library.Version;

    /// <summary>
    /// Where a program writes its errors, so that what all processes have to say about the same mistake is said once: standard error for process 0. What the others write is kept until they
    /// end, and then written to standard error if they end with an error and others do not.
    /// </summary>
    public TextWriter Error { get; }

    /// <summary>
    /// Cancelled when this process receives SIGTERM, SIGUSR1 (which clusters send before time is up) or Ctrl-C. Pass it to <c>Trainer.Fit</c>, which then ends on all processes after the
    /// same step, with a checkpoint.
    /// </summary>
    public CancellationToken Cancellation => _termination.Token;

    /// <inheritdoc/>
    public TimeSpan Waited => _rollCall.Waited;

    /// <inheritdoc/>
    public TimeSpan Transferred => _transfers.Elapsed;

    /// <summary>
    /// Joins the other processes, runs a program as one of them, and leaves. An exception ends the whole job, so that no process waits for one that is gone: it is written to standard error,
    /// and all end with exit code 1.
    /// </summary>
    /// <param name="work">The program; it may run once per process.</param>
    /// <param name="options">How to join; null for the defaults.</param>
    /// <returns>What <paramref name="work"/> returned. If it is not 0 and the others do not come to their end within seconds, the job is ended with it.</returns>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="MpiException">There is no MPI library, or it is not the launcher's.</exception>
    public static int Run(Func<MpiProcessGroup, int> work, MpiOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(work);
        options ??= new MpiOptions();
        options.Validate();
        var launcher = Launcher.Find();
        // Must be set before the library is loaded: UCX would take the signals by which .NET notices a null reference.
        NativeEnvironment.SetIfAbsent("UCX_ERROR_SIGNALS", "");
        var library = MpiLibrary.Load(options.Library, launcher);
        var provided = 0;
        Check(library.InitThread(0, 0, library.Abi.Serialized, &provided), "MPI_Init_thread");
        MpiProcessGroup? group = null;
        int result;
        try
        {
            group = new MpiProcessGroup(library, launcher, options);
            result = work(group);
        }
        catch (Exception e)
        {
            group?.TellErrors();
            Console.Error.WriteLine(e is MpiException ? e.Message : $"Process {group?.Rank} of {group?.Size}: {e}");
            Console.Error.Flush();
            // Finalising would wait for the others for ever.
            _ = library.Abort(library.Abi.World, 1);
            throw;
        }

        group.Leave(result);
        return result;
    }

    /// <inheritdoc/>
    public void AllReduce(Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        var dtype = tensor.dtype switch
        {
            ScalarType.Float64 => ScalarType.Float64,
            ScalarType.Float32 or ScalarType.Float16 or ScalarType.BFloat16 => ScalarType.Float32,
            var other => throw new ArgumentException($"Sums are those of floating-point numbers, not of {other}.", nameof(tensor)),
        };
        Together(nameof(AllReduce));
        _host.Exchange(tensor, dtype, host =>
        {
            var (type, width) = dtype == ScalarType.Float64 ? (_library.Abi.Double, sizeof(double)) : (_library.Abi.Float, sizeof(float));
            fixed (byte* start = HostMemory.Bytes(host))
            {
                for (var (done, count) = (0L, host.numel()); done < count; done += Most)
                    Check(_library.AllReduce(_library.Abi.InPlace, start + (done * width), (int)Math.Min(Most, count - done), type, _library.Abi.Sum, _library.Abi.World), "MPI_Allreduce");
            }
        });
        _transfers.Stop();
    }

    /// <inheritdoc/>
    public void Broadcast(Tensor tensor, int root)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        ArgumentOutOfRangeException.ThrowIfNegative(root);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(root, Size);
        Together(nameof(Broadcast));
        _host.Exchange(tensor, tensor.dtype, host => Broadcast(HostMemory.Bytes(host), root));
        _transfers.Stop();
    }

    /// <inheritdoc/>
    public IReadOnlyList<byte[]> AllGather(byte[] bytes)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        Together(nameof(AllGather));
        var lengths = new int[Size];
        var length = bytes.Length;
        fixed (int* all = lengths)
            Check(_library.AllGather(&length, sizeof(int), _library.Abi.Byte, all, sizeof(int), _library.Abi.Byte, _library.Abi.World), "MPI_Allgather");
        var gathered = lengths.Max() <= MostTogether ? GatherTogether(bytes, lengths) : GatherInTurn(bytes, lengths);
        _transfers.Stop();
        return gathered;
    }

    /// <inheritdoc/>
    public void Barrier() => Check(_rollCall.Wait(nameof(Barrier)), "MPI_Iallreduce");

    // Whoever has less fills up: one call, whatever the number of processes.
    private byte[][] GatherTogether(byte[] bytes, int[] lengths)
    {
        var width = Math.Max(1, lengths.Max());
        var (own, all) = (new byte[width], new byte[width * Size]);
        bytes.CopyTo(own, 0);
        fixed (byte* from = own, to = all)
            Check(_library.AllGather(from, width, _library.Abi.Byte, to, width, _library.Abi.Byte, _library.Abi.World), "MPI_Allgather");
        return [.. lengths.Select((length, rank) => all.AsSpan(rank * width, length).ToArray())];
    }

    private byte[][] GatherInTurn(byte[] bytes, int[] lengths)
    {
        var gathered = lengths.Select((count, rank) => rank == Rank ? [.. bytes] : new byte[count]).ToArray();
        for (var rank = 0; rank < Size; rank++)
            Broadcast(gathered[rank], rank);
        return gathered;
    }

    // A process that failed by itself must not wait for others, which would wait for it.
    private void Leave(int result)
    {
        if (result != 0 && !_rollCall.LeaveTogether(TimeToFail))
        {
            TellErrors();
            _ = _library.Abort(_library.Abi.World, result);
        }

        _host.Dispose();
        _rollCall.Dispose();
        _termination.Dispose();
        Check(_library.Finalize(), "MPI_Finalize");
    }

    private void TellErrors()
    {
        if (Error is StringWriter kept && kept.ToString().Trim() is { Length: > 0 } text)
            Console.Error.WriteLine($"Process {Rank} of {Size}: {text}");
        Console.Error.Flush();
    }

    private int Ask(delegate* unmanaged[Cdecl]<nint, int*, int> question, string name)
    {
        var answer = 0;
        Check(question(_library.Abi.World, &answer), name);
        return answer;
    }

    private void Broadcast(Span<byte> bytes, int root)
    {
        fixed (byte* start = bytes)
        {
            for (var done = 0; done < bytes.Length; done += Math.Min(Most, bytes.Length - done))
                Check(_library.Broadcast(start + done, Math.Min(Most, bytes.Length - done), _library.Abi.Byte, root, _library.Abi.World), "MPI_Bcast");
        }
    }

    private void Together(string name)
    {
        Check(_rollCall.Wait(name), "MPI_Iallreduce");
        _transfers.Start();
    }

    private static void Check(int code, string function)
    {
        if (code != 0)
            throw new MpiException($"{function} failed with code {code}.");
    }
}
