using System.Runtime.InteropServices;

namespace AdaLora.Mpi;

/// <summary>Variables as native libraries see them: .NET's own functions do not change those.</summary>
internal static unsafe class NativeEnvironment
{
    public static void SetIfAbsent(string name, string value)
    {
        if (OperatingSystem.IsWindows() || Environment.GetEnvironmentVariable(name) is not null
            || !NativeLibrary.TryGetExport(NativeLibrary.GetMainProgramHandle(), "setenv", out var function))
        {
            return;
        }

        var set = (delegate* unmanaged[Cdecl]<byte*, byte*, int, int>)function;
        fixed (byte* key = Terminated(name), text = Terminated(value))
            _ = set(key, text, 0);
    }

    private static byte[] Terminated(string text) => [.. System.Text.Encoding.UTF8.GetBytes(text), 0];
}
