namespace AdaLora.Experiments.Programs;

/// <summary>
/// The user's input cannot be used: a missing folder, an unknown task, a checkpoint with a different architecture. The message is one line that says what is wrong and
/// what to do; the application prints it without a stack trace and ends with <see cref="ExitCode.BadInput"/>.
/// </summary>
internal class UserInputException(string message, Exception? innerException = null) : Exception(message, innerException);
