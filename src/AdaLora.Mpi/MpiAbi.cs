using System.Runtime.InteropServices;

namespace AdaLora.Mpi;

/// <summary>
/// The constants of a family of MPI libraries. Handles are addresses in Open MPI, 32-bit integers in the MPICH family, and small numbers in the standard ABI of MPI 5: all of them fit in a
/// native integer, and the calling conventions of 64-bit processors pass them alike.
/// </summary>
internal sealed class MpiAbi
{
    /// <summary>All processes.</summary>
    public required nint World { get; init; }

    /// <summary>Single precision.</summary>
    public required nint Float { get; init; }

    /// <summary>Double precision.</summary>
    public required nint Double { get; init; }

    /// <summary>A byte.</summary>
    public required nint Byte { get; init; }

    /// <summary>The sum.</summary>
    public required nint Sum { get; init; }

    /// <summary>In place of a buffer to send: the buffer to receive into holds it.</summary>
    public required nint InPlace { get; init; }

    /// <summary>In place of a status that nobody reads.</summary>
    public required nint IgnoreStatus { get; init; }

    /// <summary>Any one thread at a time may call.</summary>
    public required int Serialized { get; init; }

    /// <summary>MPICH, Intel MPI, MVAPICH and others that follow MPICH's ABI.</summary>
    public static MpiAbi Mpich { get; } = new()
    {
        World = 0x44000000,
        Float = 0x4c00040a,
        Double = 0x4c00080b,
        Byte = 0x4c00010d,
        Sum = 0x58000003,
        InPlace = -1,
        IgnoreStatus = 1,
        Serialized = 2,
    };

    /// <summary>The standard ABI of MPI 5.0, chapter 20.</summary>
    public static MpiAbi Standard { get; } = new()
    {
        World = 0x101,
        Float = 0x210,
        Double = 0x214,
        Byte = 0x247,
        Sum = 0x21,
        InPlace = 1,
        IgnoreStatus = 0,
        Serialized = 2048,
    };

    /// <summary>Open MPI, whose handles are the addresses of its own objects.</summary>
    public static MpiAbi OpenMpi(nint library) => new()
    {
        World = NativeLibrary.GetExport(library, "ompi_mpi_comm_world"),
        Float = NativeLibrary.GetExport(library, "ompi_mpi_float"),
        Double = NativeLibrary.GetExport(library, "ompi_mpi_double"),
        Byte = NativeLibrary.GetExport(library, "ompi_mpi_byte"),
        Sum = NativeLibrary.GetExport(library, "ompi_mpi_op_sum"),
        InPlace = 1,
        IgnoreStatus = 0,
        Serialized = 2,
    };
}
